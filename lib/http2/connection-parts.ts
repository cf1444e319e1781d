import type { Http2ConnectionOptions } from './connection-options.js';
import type { ConnectionUser } from './connection-user.js';
import type { ConnectionWindow } from './connection-window.js';
import type { Http2FrameOutput } from './frame-output.js';
import type { GracefulGoAway } from './graceful-go-away.js';
import type { HeaderOutput } from './header-output.js';
import type { Http2AbuseGuard } from './abuse-guard.js';
import type { Http2Pings } from './pings.js';
import type { SettingsExchange } from './settings-exchange.js';
import type { StreamTable } from './stream-table.js';
import type { StreamWindows } from './stream-windows.js';

/** What a connection is made of; each part knows nothing of the others but what it writes to. */
export interface ConnectionParts {
  readonly options: Http2ConnectionOptions;
  readonly user: ConnectionUser;
  readonly output: Http2FrameOutput;
  readonly headers: HeaderOutput;
  readonly streams: StreamTable;
  readonly window: ConnectionWindow;
  readonly streamWindows: StreamWindows;
  readonly settings: SettingsExchange;
  readonly abuse: Http2AbuseGuard;
  readonly pings: Http2Pings;
  readonly gracefulGoAway: GracefulGoAway;
}
