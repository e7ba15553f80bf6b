declare const transaction: unique symbol;

/**
 * An open database transaction. Stages pass it on and never look inside; only the store that made it can. What is
 * written with one `Tx` commits together or not at all.
 */
export interface Tx {
  readonly [transaction]: true;
}

/** How a stage opens a transaction. `fn` may run only once; an error inside rolls everything back and is thrown on. */
export interface UnitOfWork {
  transaction<T>(fn: (tx: Tx) => Promise<T>): Promise<T>;
}
