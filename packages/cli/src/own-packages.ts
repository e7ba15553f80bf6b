import { registerHooks } from 'node:module';

/** What a project imports that this program has too. */
const OURS = /^(@portreeve\/sdk(\/|$)|zod$)/;

/**
 * Lets a project that has not installed them yet use the packages of this program, so that a fresh one is checked and tested
 * at once. What a project has of its own goes first.
 */
export function lendOwnPackages(): void {
  registerHooks({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND' || !OURS.test(specifier)) throw error;
        return next(specifier, { ...context, parentURL: import.meta.url });
      }
    },
  });
}
