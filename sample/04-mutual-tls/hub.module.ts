import { Module } from '@nestjs/common';
import { BackchannelModule } from 'nestjs-backchannel';
import { BoxAuthorizer } from './box-authorizer.js';
import { hubCredentials } from './certificates.js';
import { FleetListModule } from './fleet-list.module.js';
import { fleetProto } from './fleet.js';
import { HubController } from './hub.controller.js';

/** The listening side. */
@Module({
  imports: [
    BackchannelModule.forRoot({
      server: {
        url: '127.0.0.1:0',
        ...fleetProto,
        backchannel: fleetProto,
        credentials: hubCredentials(),
        allowPlainClients: false, // those never pass the authorizer
      },
      authorizer: BoxAuthorizer,
      imports: [FleetListModule], // what the authorizer injects
    }),
  ],
  controllers: [HubController],
})
export class HubModule {}
