import { z } from 'zod';

export const ticketId = z.string().regex(/^T-[0-9]{1,9}$/, 'use a ticket such as T-1');

export const input = z.strictObject({ ticket: ticketId });
