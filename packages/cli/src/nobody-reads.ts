/** As a shell reports a program that wrote to nobody (SIGPIPE). */
const NOBODY_READS = 128 + 13;

/** Who reads may have had enough, as `head` has: that is no fault, and there is nobody left to tell. */
export function endWhereNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit(NOBODY_READS);
    });
}
