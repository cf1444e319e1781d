/** The url of a proxy cannot be used. The url itself is not repeated: it may have a password in it. */
export class ProxyOptionError extends TypeError {
  /** @param where - which option or environment variable it came from. */
  constructor(where: string) {
    super(
      `${where} must be the url of an HTTP proxy, such as "http://user:password@proxy.example:3128"`,
    );
  }
}
