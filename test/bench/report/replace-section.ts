/**
 * Replaces what stands between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`, and leaves the
 * markers. Throws if one of them is missing.
 */
export function replaceSection(markdown: string, name: string, content: string): string {
  const opening = `<!-- bench:${name} -->`;
  const closing = `<!-- /bench:${name} -->`;
  const start = indexAfter(markdown, opening, 0);
  const end = indexAfter(markdown, closing, start) - closing.length;
  return `${markdown.slice(0, start)}\n\n${content.trim()}\n\n${markdown.slice(end)}`;
}

function indexAfter(markdown: string, marker: string, from: number): number {
  const index = markdown.indexOf(marker, from);
  if (index === -1) throw new Error(`missing marker ${marker}`);
  return index + marker.length;
}
