import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { func, nonEmptyText, type Rules } from '../options/index.js';
import { minTlsVersion } from './tls-version.js';

/** Which files, by the option that names each. All hold PEM. */
export interface CertificatePaths {
  /** The own certificate, followed by the intermediate ones if there are any. */
  certFile?: string;
  /** The key of the own certificate, without a passphrase. */
  keyFile?: string;
  /** The authorities that the other end's certificate may come from. */
  caFile?: string;
}

/** What becomes of the files. */
export interface CertificateFilesEvents {
  /** Told when the files have changed, and new connections use what is in them now. */
  onRenewed?(): void;
  /**
   * Told when the files cannot be read or do not fit together; once for each problem. What they held
   * before stays in use, and they are looked at again. Default: a warning of the process.
   */
  onError?(error: Error): void;
}

const PATH = 'the path of a PEM file';

/** What the options about the files may be. */
export const CERTIFICATE_FILES_RULES: Rules<CertificatePaths & CertificateFilesEvents> = {
  certFile: { ...nonEmptyText, expects: PATH },
  keyFile: { ...nonEmptyText, expects: PATH },
  caFile: { ...nonEmptyText, expects: PATH },
  onRenewed: func(),
  onError: func(),
};

type Option = keyof CertificatePaths;
type Contents = Partial<Record<Option, Buffer>>;

/** Milliseconds until files that cannot be used are looked at once more, before anybody is told. */
const SECOND_LOOK_MS = 100;

const OPTIONS: readonly Option[] = ['certFile', 'keyFile', 'caFile'];

/** Certificates in files that somebody replaces from time to time. */
export class CertificateFiles {
  readonly #paths: CertificatePaths;
  readonly #events: CertificateFilesEvents;
  #contents: Contents;
  #context: SecureContextOptions;
  #problem: string | undefined;
  #reading: Promise<void> | undefined;

  /** @throws Error naming the option and the file that cannot be read or used. */
  constructor(paths: CertificatePaths, events: CertificateFilesEvents = {}) {
    this.#paths = paths;
    this.#events = events;
    this.#contents = {};
    for (const option of OPTIONS) {
      const path = paths[option];
      if (path !== undefined)
        this.#contents[option] = named(option, path, () => readFileSync(path));
    }
    this.#context = contextOf(paths, this.#contents);
  }

  /** For `tls.createSecureContext`; another object whenever the files have changed. */
  get context(): SecureContextOptions {
    return this.#context;
  }

  /** Reads the files anew; resolves when `context` and the events say what is in them. */
  refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #read(): Promise<void> {
    try {
      if (!(await this.#take().catch(() => this.#takeLater()))) return;
    } catch (error) {
      return this.#tell(error as Error);
    }
    this.#events.onRenewed?.();
  }

  /** Whoever replaces two files has replaced one of them first. */
  async #takeLater(): Promise<boolean> {
    await setTimeout(SECOND_LOOK_MS, undefined, { ref: false });
    return this.#take();
  }

  /** Resolves with whether there is anything new; changes nothing if it rejects. */
  async #take(): Promise<boolean> {
    const contents: Contents = {};
    for (const option of OPTIONS) {
      const path = this.#paths[option];
      if (path !== undefined) contents[option] = await readNamed(option, path);
    }
    const isNew = OPTIONS.some((option) => !isSame(contents[option], this.#contents[option]));
    if (isNew) this.#context = contextOf(this.#paths, contents);
    this.#contents = contents;
    this.#problem = undefined;
    return isNew;
  }

  #tell(error: Error): void {
    if (error.message === this.#problem) return;
    this.#problem = error.message;
    (this.#events.onError ?? warn)(error);
  }
}

/** Tells of a problem with files that nobody wants to be told of. */
export function warn(error: Error): void {
  process.emitWarning(error.message, { type: 'CertificateWarning' });
}

function isSame(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one === other || (one !== undefined && other !== undefined && one.equals(other));
}

/** Node takes nearly everything, and fails or trusts nobody when a connection comes: so it is checked. */
function contextOf(paths: CertificatePaths, { certFile, keyFile, caFile }: Contents) {
  if (caFile) named('caFile', paths.caFile, () => certificatesIn(caFile));
  const own = certFile && named('certFile', paths.certFile, () => certificatesIn(certFile)[0]);
  const key = keyFile && named('keyFile', paths.keyFile, () => createPrivateKey(keyFile));
  if (own && key && !own.checkPrivateKey(key)) {
    throw new Error(
      `"keyFile" (${paths.keyFile}) is not the key of the certificate in "certFile" (${paths.certFile})`,
    );
  }
  const context: SecureContextOptions = {
    ca: caFile,
    cert: certFile,
    key: keyFile,
    ciphers: process.env['GRPC_SSL_CIPHER_SUITES'], // As in all credentials of grpc-js.
    minVersion: minTlsVersion(),
  };
  const option = certFile ? 'certFile' : 'caFile';
  named(option, paths[option], () => createSecureContext(context));
  return context;
}

/** @throws Error if there is none, or one cannot be read: Node would leave it out without a word. */
function certificatesIn(pem: Buffer): X509Certificate[] {
  const text = pem.toString('latin1');
  const begun = text.split('-----BEGIN CERTIFICATE-----').length - 1;
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error('there is no certificate in it');
  if (blocks.length < begun) throw new Error('a certificate in it is cut short');
  return blocks.map((block) => new X509Certificate(block));
}

function named<T>(option: Option, path: string | undefined, use: () => T): T {
  try {
    return use();
  } catch (cause) {
    throw namedError(option, path, cause as Error);
  }
}

async function readNamed(option: Option, path: string): Promise<Buffer> {
  return readFile(path).catch((cause: Error) => {
    throw namedError(option, path, cause);
  });
}

function namedError(option: Option, path: string | undefined, cause: Error): Error {
  return new Error(`"${option}" (${path}) cannot be used: ${cause.message}`, { cause });
}
