export { type MockApi, mockApi } from './mock-api.ts';
export { rightsByRole } from './rights.ts';
