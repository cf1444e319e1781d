import type { Http2ConnectionOptions } from './connection-options.js';
import type { ConnectionUser } from './connection-user.js';
import type { ConnectionWindow } from './connection-window.js';
import type { FrameOutput } from './frame-output.js';
import type { GoingAway } from './going-away.js';
import type { HeaderOutput } from './header-output.js';
import type { PeerConduct } from './peer-conduct.js';
import type { Pings } from './pings.js';
import type { SettingsExchange } from './settings-exchange.js';
import type { StreamTable } from './stream-table.js';
import type { StreamWindows } from './stream-windows.js';

/** What a connection is made of; each part knows nothing of the others but what it writes to. */
export interface ConnectionParts {
  readonly options: Http2ConnectionOptions;
  readonly user: ConnectionUser;
  readonly output: FrameOutput;
  readonly headers: HeaderOutput;
  readonly streams: StreamTable;
  readonly window: ConnectionWindow;
  readonly streamWindows: StreamWindows;
  readonly settings: SettingsExchange;
  readonly conduct: PeerConduct;
  readonly pings: Pings;
  readonly goingAway: GoingAway;
}
