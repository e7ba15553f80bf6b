export { type FolderOptions, verifyFolder } from './folder.ts';
export * from './grant/index.ts';
export * from './log/index.ts';
