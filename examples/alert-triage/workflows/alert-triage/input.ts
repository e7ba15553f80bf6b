import { z } from 'zod';

export const alertId = z.string().regex(/^A-[0-9]{4}$/, 'use an alert such as A-1001');

export const input = z.strictObject({ alert: alertId });
