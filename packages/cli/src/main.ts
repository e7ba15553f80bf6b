import { endWhereNobodyReads } from './nobody-reads.ts';
import { lendOwnPackages } from './own-packages.ts';
import { main } from './program.ts';

endWhereNobodyReads();
lendOwnPackages();
process.exitCode = await main(process.argv.slice(2));
// Whatever still holds the event loop (a keep-alive connection, say) must not hold the terminal.
process.exit();
