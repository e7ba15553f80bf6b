import { z } from 'zod';

/** How a person does by hand what a step, a source or a tool could not (requirements E6, I8). */
export const procedureSchema = z.strictObject({
  title: z.string().min(1).max(120),
  steps: z.array(z.string().min(1).max(1000)).min(1).max(40),
  /** Whose work it is; without one, that of whoever takes it. */
  group: z.string().min(1).max(128).optional(),
  /** Whose it is once its time is over. */
  escalate_to: z.string().min(1).max(128).optional(),
  due_minutes: z
    .int()
    .min(1)
    .max(60 * 24 * 90)
    .default(60 * 24),
});
export type Procedure = z.infer<typeof procedureSchema>;
