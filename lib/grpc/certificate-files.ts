import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { func, nonEmptyText, type Rules } from '../options/index.js';
import { minTlsVersion } from './tls-version.js';

/** Paths of PEM files. */
export interface CertificatePaths {
  /** The certificate of this side, followed by its intermediate certificates, if any. */
  certFile?: string;
  /** The private key of that certificate, without a passphrase. */
  keyFile?: string;
  /** The certificate authorities that the peer's certificate is verified against. */
  caFile?: string;
}

/** Events of watched certificate files. */
export interface CertificateFilesEvents {
  /** Called when the files have changed and new connections use their new content. */
  onRenewed?(): void;
  /**
   * Called when the files cannot be read or do not fit together, once for each problem. The previous
   * content stays in use, and the files are read again later. Default: a process warning.
   */
  onError?(error: Error): void;
}

const PATH = 'the path of a PEM file';

/** Rules of the options `certFile`, `keyFile`, `caFile`, `onRenewed` and `onError`. */
export const CERTIFICATE_FILES_RULES: Rules<CertificatePaths & CertificateFilesEvents> = {
  certFile: { ...nonEmptyText, expects: PATH },
  keyFile: { ...nonEmptyText, expects: PATH },
  caFile: { ...nonEmptyText, expects: PATH },
  onRenewed: func(),
  onError: func(),
};

type Option = keyof CertificatePaths;
type Contents = Partial<Record<Option, Buffer>>;

/** Milliseconds until unusable files are read a second time, before the error is reported. */
const SECOND_LOOK_MS = 100;

const OPTIONS: readonly Option[] = ['certFile', 'keyFile', 'caFile'];

/** Reads certificates from files that may be replaced at any time. */
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

  /** Options for `tls.createSecureContext`. A new object whenever the files have changed. */
  get context(): SecureContextOptions {
    return this.#context;
  }

  /** Reads the files again. Resolves when `context` is up to date and the events were emitted. */
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

  /** Reads the files once more: during the first read, only some of the files may have been replaced. */
  async #takeLater(): Promise<boolean> {
    await setTimeout(SECOND_LOOK_MS, undefined, { ref: false });
    return this.#take();
  }

  /** Reads the files. Resolves with whether their content is new; changes nothing if it rejects. */
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

/** Default of `onError`: emits a process warning of type `CertificateWarning`. */
export function warn(error: Error): void {
  process.emitWarning(error.message, { type: 'CertificateWarning' });
}

function isSame(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one === other || (one !== undefined && other !== undefined && one.equals(other));
}

/**
 * Verifies the content now: Node accepts nearly any content here, and fails, or trusts no certificate, only
 * when a connection arrives.
 */
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
    ciphers: process.env['GRPC_SSL_CIPHER_SUITES'], // Same as in all credentials of grpc-js.
    minVersion: minTlsVersion(),
  };
  const option = certFile ? 'certFile' : 'caFile';
  named(option, paths[option], () => createSecureContext(context));
  return context;
}

/** @throws Error if `pem` has no certificate, or one that cannot be read: Node would ignore it silently. */
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
