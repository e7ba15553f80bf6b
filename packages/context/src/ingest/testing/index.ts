export { readHere } from './read-here.ts';
export { paragraph, run, wordXml, writeDocx } from './write-docx.ts';
export { writeMail } from './write-mail.ts';
export { textAt, writePdf } from './write-pdf.ts';
export { writeZip } from './write-zip.ts';
