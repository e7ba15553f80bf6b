import { z } from 'zod';

const text = z.string().min(1).max(1000);

/**
 * One article or control that somebody has looked at for a workflow (requirement H5): how it is met, or why it does not
 * apply. What is said here is what its owners say: no check finds out whether it is so.
 */
export const regulationSchema = z
  .strictObject({
    /** Such as `EU AI Act` or `SOC 2`, with its edition. */
    framework: z.string().min(1).max(120),
    /** Such as `Article 14`, or `CC6.1`. */
    article: z.string().min(1).max(120),
    met: text.optional(),
    not_applicable: text.optional(),
  })
  .refine(({ met, not_applicable }) => (met === undefined) !== (not_applicable === undefined), {
    message: 'say either how it is met (`met`) or why it does not apply (`not_applicable`)',
  });
export type Regulation = z.infer<typeof regulationSchema>;
