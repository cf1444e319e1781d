// Checks the commits of the history since the rules were set: `node .ci/commits.mjs`.
import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';

/** Commits from this time on follow the rules. */
const SINCE = '2026-11-30T17:00:00Z';
const MAX_SUBJECT = 72;

/** Returns what is wrong with a commit, one text for each rule that it breaks. */
export function problemsOf({ subject, body, parents }) {
  const problems = [];
  if (parents.length > 1) problems.push('is a merge: rebase side work, the history is straight');
  if (subject.length > MAX_SUBJECT)
    problems.push(`has a subject of more than ${MAX_SUBJECT} characters`);
  if (!/^[a-z0-9./_-]+(?:, [a-z0-9./_-]+)*: \S/.test(subject)) {
    problems.push('has no subject of the form "scope: what changes"');
  }
  if (/\bwip\b|work in progress/i.test(subject)) problems.push('is unfinished by its subject');
  if (body.trim() === '') problems.push('has no body that says why');
  return problems;
}

function commits() {
  const format = ['%h', '%P', '%s', '%b'].join('%x00');
  const log = execFileSync('git', ['log', `--since=${SINCE}`, `--format=${format}%x01`], {
    encoding: 'utf8',
  });
  const entries = log.split('\x01').map((entry) => entry.trim());
  return entries.filter(Boolean).map((entry) => {
    const [hash, parents, subject, body] = entry.split('\0');
    return { hash, parents: parents.split(' ').filter(Boolean), subject, body };
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const all = commits();
  const bad = all.flatMap((commit) =>
    problemsOf(commit).map((problem) => `${commit.hash} "${commit.subject}" ${problem}`),
  );
  for (const line of bad) console.error(line);
  console.log(`${all.length} commits, ${bad.length} problems`);
  process.exitCode = bad.length === 0 ? 0 : 1;
}
