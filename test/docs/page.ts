import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

/** The root of the package. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Formats the text of a page as `npm run format` does. */
export async function formatPage(path: string, text: string): Promise<string> {
  return format(text, { ...(await resolveConfig(path)), parser: 'markdown' });
}
