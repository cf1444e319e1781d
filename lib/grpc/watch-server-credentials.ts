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
  /**
   * PEM file of the certificate authorities that client certificates are verified against. With this
   * option, clients are asked for a certificate.
   */
  caFile?: string;
  /**
   * Whether clients without a valid certificate are refused; requires `caFile`. If false, such clients are
   * served like clients without a certificate. Default `true`.
   */
  requireClientCertificate?: boolean;
  /** Milliseconds between two reads of the files. Default 60000. */
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
 * Creates credentials of the listening side from PEM files. The files are read now, and again every
 * `refreshMs` while the server listens: replaced certificates and authorities apply to new connections, and
 * existing connections continue. Also works with a `Server` of grpc-js.
 *
 * If the files become unusable later, `onError` is called and the previous content stays in use.
 *
 * @throws Error naming the option and the file that cannot be read or used.
 * @throws OptionError naming a bad option.
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
  // Without `caFile`, a certificate of any public authority would be accepted.
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
        // After the server stopped listening, the files may be removed.
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
    // The timer does not keep the process alive; a listening server does.
    this.#timer = inRootContext(() =>
      setInterval(() => void this.#files.refresh(), this.#refreshMs).unref(),
    );
    void this.#files.refresh(); // The files may have changed since they were read.
  }

  override _removeWatcher(watcher: Parameters<ServerCredentials['_removeWatcher']>[0]): void {
    super._removeWatcher(watcher);
    if (this.getWatcherCount() > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
