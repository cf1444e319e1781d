/**
 * The doc blocks in front of declarations, each as one line of text.
 *
 * @param declaration - matches what follows a block; its group is the key of the block.
 */
export function docBlocks(source: string, declaration: RegExp): Map<string, string> {
  const block = /\/\*\*((?:(?!\*\/).)*?)\*\/\s*/.source;
  const found = source.matchAll(new RegExp(block + declaration.source, 'gs'));
  return new Map([...found].map(([, text, name]) => [name!, inOneLine(text!)]));
}

function inOneLine(block: string): string {
  return block
    .replace(/^\s*\* ?/gm, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
