import { z } from 'zod';

export const orderNumber = z.string().regex(/^R-[0-9]{4}$/, 'use an order such as R-1001');

export const input = z.strictObject({ order: orderNumber });
