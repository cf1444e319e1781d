import { Inject, Injectable } from '@nestjs/common';
import {
  PeerRefusedError,
  type PeerAuthorizer,
  type PeerCandidate,
  type PeerIdentity,
} from 'nestjs-backchannel';
import { FleetList } from './fleet-list.module.js';

/** Lets in the boxes that are on the list, each under the name that its certificate proves. */
@Injectable()
export class BoxAuthorizer implements PeerAuthorizer {
  constructor(@Inject(FleetList) private readonly list: FleetList) {}

  async authorizePeer({ certificate }: PeerCandidate): Promise<PeerIdentity> {
    const name = String(certificate?.subject.CN);
    if (!(await this.list.has(name))) throw new PeerRefusedError(`${name} is not on the list`);
    return { name };
  }
}
