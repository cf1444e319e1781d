const ALL_ADDRESSES = new Set(['0.0.0.0', '[::]']);
const THIS_MACHINE = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether `url` leads to a listener on `listened`. Assumes that both are addresses of one machine. */
export function reaches(url: string, listened: string): boolean {
  const from = hostAndPort(url);
  const to = hostAndPort(listened);
  if (from === undefined || to === undefined || from.port !== to.port) return false;
  return (
    ALL_ADDRESSES.has(to.host) ||
    from.host === to.host ||
    (THIS_MACHINE.has(from.host) && THIS_MACHINE.has(to.host))
  );
}

/** Parses `host:port`, with or without a scheme such as `dns:///`; undefined for anything else. */
function hostAndPort(url: string): { host: string; port: string } | undefined {
  const [, host, port] = /^(?:\w+:\/*)?(\[[^\]]*\]|[^:/]+):(\d+)$/.exec(url) ?? [];
  return host === undefined || port === undefined ? undefined : { host, port };
}
