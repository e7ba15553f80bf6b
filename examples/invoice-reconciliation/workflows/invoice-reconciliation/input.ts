import { z } from 'zod';

export const orderNumber = z.string().regex(/^PO-[0-9]{4}-[0-9]{4}$/, 'use an order such as PO-2026-0001');
export const invoiceNumber = z.string().regex(/^[A-Z0-9-]{4,32}$/);
/** As invoices write it: the ledger reckons in exact numbers, so nothing here makes a float of it. */
export const amount = z.string().regex(/^[0-9]{1,9}\.[0-9]{2}$/, 'use an amount such as 700.00');
export const currency = z.enum(['EUR', 'USD', 'GBP']);

/** Which order it is about is what the clerk says; the invoice itself is attached. */
export const input = z.strictObject({ order: orderNumber });
