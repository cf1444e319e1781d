import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { check, npm, root, run } from './checks.mjs';

/**
 * Most bytes that the tarball may have. It is JavaScript, as ES modules and as CommonJS, types with their
 * comments, documents and samples, and no maps.
 */
const MAX_PACKED_BYTES = 640 * 1024;

const ALLOWED = [
  /^dist\/.*\.(js|d\.ts)$/,
  /^dist\/cjs\/package\.json$/,
  /^docs\/(?!api\/).*\.(md|svg)$/,
  /^sample\/.*\.(ts|md|proto|txt|sh|yaml)$/,
  /^((README|CHANGELOG|SECURITY)\.md|LICENSE|package\.json)$/,
];

export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The subpaths that can be imported, `.` being the package itself. */
export const subpaths = Object.keys(manifest.exports).filter((path) => path !== './package.json');

/** The files that a subpath leads to, under all conditions. */
function entriesOf(subpath) {
  return Object.values(manifest.exports[subpath]).flatMap((entry) => Object.values(entry));
}

/** Packs the package into `folder`, as for publishing. Returns the tarball's path and what npm says of it. */
export function pack(folder) {
  const packed = JSON.parse(run(npm, ['pack', '--json', '--pack-destination', folder], root));
  const details = Array.isArray(packed) ? packed[0] : Object.values(packed)[0];
  return { ...details, path: join(folder, details.filename) };
}

/** What can be said of a tarball by looking at it. */
export async function checkTarball(tarball) {
  const paths = new Set(tarball.files.map((file) => file.path));
  const { size, unpackedSize } = tarball;
  const sizes = `${kib(size)} packed, ${kib(unpackedSize)} unpacked, ${paths.size} files`;
  const bin = join(root, 'node_modules/.bin');

  await check('the tarball holds what is needed and nothing else', () => checkFiles(paths));
  await check('links of its documents lead to files in it', () => checkLinks(paths));
  await check('dist has all that its subpaths import, and no code that none of them does', () =>
    checkImports(paths),
  );
  await check(`the package is small: ${sizes}`, () => {
    if (size > MAX_PACKED_BYTES) throw new Error(`more than ${kib(MAX_PACKED_BYTES)}`);
  });
  await check('publint finds nothing', () =>
    run(join(bin, 'publint'), ['run', tarball.path, '--strict'], root),
  );
  await check('types and files resolve for every kind of consumer', () =>
    // All but the resolution of before Node 12, which knows no subpaths.
    run(join(bin, 'attw'), [tarball.path, '--profile', 'node16'], root),
  );
}

function checkFiles(paths) {
  const strangers = [...paths].filter((path) => !ALLOWED.some((allowed) => allowed.test(path)));
  if (strangers.length > 0) throw new Error(`not expected: ${strangers.join(', ')}`);
  const entries = subpaths.flatMap(entriesOf);
  const documents = ['LICENSE', 'README.md', 'CHANGELOG.md', 'SECURITY.md'];
  for (const path of [...documents, ...entries]) {
    if (!paths.has(posix.normalize(path))) throw new Error(`missing: ${path}`);
  }
}

/** The tests of the documents check the anchors. */
function checkLinks(paths) {
  const dead = [...paths]
    .filter((path) => path.endsWith('.md'))
    .flatMap((path) => linksOf(path).map((link) => ({ path, link })))
    .filter(({ path, link }) => !isThere(posix.join(posix.dirname(path), link), paths))
    .map(({ path, link }) => `${path}: ${link}`);
  if (dead.length > 0) throw new Error(`not in the tarball:\n${dead.join('\n')}`);
}

/** The links of a document to other files, without anchors. */
function linksOf(document) {
  const text = sourceOf(document)
    .replace(/^```.*?^```/gms, '')
    .replace(/`[^`\n]*`/g, '');
  return [...text.matchAll(/\]\((?!https?:|#)([^)\s#]+)/g)].map(([, link]) => link);
}

/** Whether the tarball has a file, or a folder with a file, at `path`. */
function isThere(path, paths) {
  const folder = `${path.replace(/\/$/, '')}/`;
  return paths.has(path) || [...paths].some((other) => other.startsWith(folder));
}

function checkImports(paths) {
  const reached = new Set();
  for (const subpath of subpaths) {
    for (const entry of entriesOf(subpath)) {
      addReachable(posix.normalize(entry), paths, reached);
    }
  }
  const orphans = [...paths].filter(
    // Files of types only are empty as JavaScript: nothing imports them.
    (path) => /^dist\/.*\.js$/.test(path) && !reached.has(path) && !isEmptyModule(path),
  );
  if (orphans.length > 0) throw new Error(`nothing imports ${orphans.join(', ')}`);
}

/** Adds to `reached` the files of the build that `path` imports, directly or not, and itself. */
function addReachable(path, paths, reached) {
  if (reached.has(path)) return;
  if (!paths.has(path)) throw new Error(`${path} is imported but missing`);
  reached.add(path);
  const extension = path.endsWith('.d.ts') ? '.d.ts' : '.js';
  const imports = sourceOf(path).matchAll(
    /(?:from|import|require)\s*\(?\s*['"](\.[^'"]+)\.js['"]/g,
  );
  for (const [, specifier] of imports) {
    addReachable(posix.join(posix.dirname(path), specifier) + extension, paths, reached);
  }
}

function isEmptyModule(path) {
  const code = sourceOf(path).replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
  return code.trim() === 'export {};';
}

/** The build that was packed is still there. */
function sourceOf(path) {
  return readFileSync(join(root, path), 'utf8');
}

function kib(bytes) {
  return `${Math.round(bytes / 1024)} KiB`;
}
