import { ServerCredentials } from '@grpc/grpc-js';
import { inRootContext } from '../context/index.js';
import {
  milliseconds,
  OptionError,
  required,
  trueOrFalse,
  verifyOptions,
  type Rules,
} from '../options/index.js';
import {
  CERTIFICATE_FILES_RULES,
  CertificateFiles,
  warn,
  type CertificateFilesEvents,
  type CertificatePaths,
} from './certificate-files.js';

/** Options of `watchServerCredentials`. */
export interface WatchServerCredentialsOptions
  extends Required<Pick<CertificatePaths, 'certFile' | 'keyFile'>>, CertificateFilesEvents {
  /** PEM file of the authorities that certificates of clients may come from: asks clients for one. */
  caFile?: string;
  /**
   * With `caFile`: whether clients without a good certificate are refused. Otherwise they are served as
   * any that has none. Default `true`.
   */
  requireClientCertificate?: boolean;
  /** Milliseconds between two looks at the files. Default 60000. */
  refreshMs?: number;
}

const DEFAULT_REFRESH_MS = 60_000;

const RULES: Rules<WatchServerCredentialsOptions> = {
  ...CERTIFICATE_FILES_RULES,
  certFile: required(CERTIFICATE_FILES_RULES.certFile),
  keyFile: required(CERTIFICATE_FILES_RULES.keyFile),
  requireClientCertificate: trueOrFalse,
  refreshMs: milliseconds(1),
};

/**
 * Credentials of the listening side from PEM files, which it reads now, and again every `refreshMs`
 * while it listens: a certificate that is replaced on disk is shown to new connections, and authorities
 * that are replaced judge them; existing connections go on. Works with a `Server` of grpc-js too.
 *
 * Files that cannot be used later on are told to `onError`; those of before stay in use.
 *
 * @throws Error naming the option and the file that cannot be read or used; OptionError naming a bad option.
 */
export function watchServerCredentials(options: WatchServerCredentialsOptions): ServerCredentials {
  const {
    certFile,
    keyFile,
    caFile,
    requireClientCertificate,
    refreshMs = DEFAULT_REFRESH_MS,
    ...events
  } = verifyOptions('watchServerCredentials', RULES, options);
  // Any public authority would do, else.
  if (requireClientCertificate && caFile === undefined) {
    throw new OptionError(
      'watchServerCredentials: "requireClientCertificate" needs "caFile": whose certificates to accept',
      'caFile',
    );
  }
  return new WatchedServerCredentials(
    { certFile, keyFile, ...(caFile !== undefined && { caFile }) },
    requireClientCertificate ?? true,
    refreshMs,
    events,
  );
}

class WatchedServerCredentials extends ServerCredentials {
  readonly #files: CertificateFiles;
  readonly #refreshMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    paths: CertificatePaths,
    rejectUnauthorized: boolean,
    refreshMs: number,
    { onRenewed, onError: tell = warn }: CertificateFilesEvents,
  ) {
    const files = new CertificateFiles(paths, {
      onRenewed: () => {
        this.updateSecureContextOptions(files.context);
        onRenewed?.();
      },
      onError: (error) => {
        // Who stops listening may take the files away.
        if (this.#timer !== undefined) tell(error);
      },
    });
    super({ requestCert: paths.caFile !== undefined, rejectUnauthorized }, files.context);
    this.#files = files;
    this.#refreshMs = refreshMs;
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }

  override _addWatcher(watcher: Parameters<ServerCredentials['_addWatcher']>[0]): void {
    super._addWatcher(watcher);
    if (this.#timer !== undefined) return;
    // What is watched keeps the process alive, if it should be kept.
    this.#timer = inRootContext(() =>
      setInterval(() => void this.#files.refresh(), this.#refreshMs).unref(),
    );
    void this.#files.refresh(); // They may have changed since they were read.
  }

  override _removeWatcher(watcher: Parameters<ServerCredentials['_removeWatcher']>[0]): void {
    super._removeWatcher(watcher);
    if (this.getWatcherCount() > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
