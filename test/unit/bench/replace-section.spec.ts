import { describe, expect, it } from 'vitest';
import { replaceSection } from '../../bench/report/replace-section.js';

const PAGE =
  '<!-- /bench:two -->a\n<!-- bench:one -->\nold\n<!-- /bench:one -->\nb\n<!-- bench:two -->';

describe('replacing a section of a page', () => {
  it('leaves everything outside of it, and its markers', () => {
    expect(replaceSection(PAGE, 'one', '\nnew: $& $1\n')).toBe(
      '<!-- /bench:two -->a\n<!-- bench:one -->\n\nnew: $& $1\n\n<!-- /bench:one -->\nb\n<!-- bench:two -->',
    );
  });

  it('comes to the same when done again', () => {
    const once = replaceSection(PAGE, 'one', 'new');
    expect(replaceSection(once, 'one', 'new')).toBe(once);
  });

  it.each([
    ['three', '<!-- bench:three -->'],
    ['two', '<!-- /bench:two -->'],
  ])('names the marker that is missing for %s', (name, marker) => {
    expect(() => replaceSection(PAGE, name, 'new')).toThrow(marker);
  });
});
