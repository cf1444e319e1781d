import { createSecureContext } from 'node:tls';
import {
  CallCredentials,
  ChannelCredentials,
  type ChannelOptions,
  type experimental,
  type VerifyOptions,
} from '@grpc/grpc-js';
import {
  func,
  OptionError,
  optionsOf,
  trueOrFalse,
  verifyOptions,
  type Rules,
} from '../options/index.js';
import {
  CERTIFICATE_FILES_RULES,
  CertificateFiles,
  type CertificateFilesEvents,
  type CertificatePaths,
} from './certificate-files.js';
import { createSecureConnector } from './secure-connector.js';

/** Options of `watchChannelCredentials`: at least `caFile`, or `certFile` and `keyFile`. */
export interface WatchChannelCredentialsOptions extends CertificatePaths, CertificateFilesEvents {
  /**
   * PEM file of the certificate authorities that the server's certificate is verified against. Default: the
   * file that the environment variable `GRPC_DEFAULT_SSL_ROOTS_FILE_PATH` names, else the authorities that
   * Node trusts.
   */
  caFile?: string;
  /** Same as for `credentials.createSsl` of grpc-js. */
  verifyOptions?: VerifyOptions;
}

const CALL = 'watchChannelCredentials';

const RULES: Rules<WatchChannelCredentialsOptions> = {
  ...CERTIFICATE_FILES_RULES,
  verifyOptions: optionsOf<VerifyOptions>({
    checkServerIdentity: func(),
    rejectUnauthorized: trueOrFalse,
  }),
};

/**
 * Creates credentials of the dialing side from PEM files. The files are read now, and again before each
 * attempt to connect: replaced files apply to the next connection, and the existing connection continues.
 * Also works with channels and stubs of grpc-js.
 *
 * If the files become unusable later, `onError` is called and the previous content stays in use.
 *
 * @throws Error naming the option and the file that cannot be read or used.
 * @throws OptionError naming a bad or missing option.
 */
export function watchChannelCredentials(
  options: WatchChannelCredentialsOptions,
): ChannelCredentials {
  const {
    certFile,
    keyFile,
    caFile,
    verifyOptions: serverChecks,
    ...events
  } = verifyOptions(CALL, RULES, options);
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new OptionError(`${CALL}: "certFile" and "keyFile" must be given together`);
  }
  if (certFile === undefined && caFile === undefined) {
    throw new OptionError(
      `${CALL}: "caFile" or "certFile" and "keyFile" must be given: there is no file to read`,
    );
  }
  const roots = caFile ?? process.env['GRPC_DEFAULT_SSL_ROOTS_FILE_PATH'];
  return new WatchedChannelCredentials(
    {
      ...(roots && { caFile: roots }),
      ...(certFile !== undefined && { certFile }),
      ...(keyFile !== undefined && { keyFile }),
    },
    serverChecks,
    events,
  );
}

class WatchedChannelCredentials extends ChannelCredentials {
  readonly #files: CertificateFiles;
  readonly #serverChecks: VerifyOptions | undefined;
  #current: ChannelCredentials;

  constructor(
    paths: CertificatePaths,
    serverChecks: VerifyOptions | undefined,
    { onRenewed, onError }: CertificateFilesEvents,
  ) {
    super();
    this.#serverChecks = serverChecks;
    this.#files = new CertificateFiles(paths, {
      onRenewed: () => {
        this.#current = this.#make();
        onRenewed?.();
      },
      ...(onError && { onError }),
    });
    this.#current = this.#make();
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(
    target: experimental.GrpcUri,
    options: ChannelOptions,
    callCredentials = CallCredentials.createEmpty(),
  ): experimental.SecureConnector {
    return {
      // Both engines wait for this before each connection.
      waitForReady: () => this.#files.refresh(),
      connect: (socket) => createSecureConnector(this.#current, target, options).connect(socket),
      getCallCredentials: () => callCredentials,
      destroy() {},
    };
  }

  #make(): ChannelCredentials {
    const context = createSecureContext(this.#files.context);
    return ChannelCredentials.createFromSecureContext(context, this.#serverChecks);
  }
}
