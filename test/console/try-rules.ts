import type { Page } from 'playwright-core';

/** A rule by which no note would have been published. */
export const NO_NOTES = `
@id("action.no-notes")
@code("no_notes")
@reason("No note is published before the audit is over.")
@next("Wait for the end of the audit.")
forbid (principal, action == Action::"act:publish_note", resource);
`;

/** Tries that rule on the page of what-if, and waits for what is found. */
export async function tryNoNotes(page: Page): Promise<void> {
  await page.locator('summary', { hasText: 'action.cedar' }).click();
  const rules = page.getByLabel('Rules of action.cedar');
  const text = await rules.inputValue();
  if (!text.includes(NO_NOTES)) await rules.fill(text + NO_NOTES);
  await page.getByRole('button', { name: 'Replay' }).click();
  await page.locator('section:focus').getByText('would come out differently;').waitFor();
}
