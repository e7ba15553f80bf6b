/**
 * For `node --import`: writes the address of every module that this process loads into the file NOTE_LOADED, a line each.
 */
import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const file = process.env.NOTE_LOADED;
registerHooks({
  load(url, context, next) {
    appendFileSync(file, `${url}\n`);
    return next(url, context);
  },
});
