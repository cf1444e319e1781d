import { Module } from '@nestjs/common';
import { BackchannelModule } from 'nestjs-backchannel';
import { fleetProto } from '../fleet.js';
import { AgentsController } from './agents.controller.js';
import { AgentsService } from './agents.service.js';
import { HubController } from './hub.controller.js';

/** The listening side: gRPC for agents, HTTP for everybody else. */
@Module({
  imports: [
    BackchannelModule.forRoot({
      server: { url: '127.0.0.1:0', ...fleetProto, backchannel: fleetProto },
    }),
  ],
  controllers: [AgentsController, HubController],
  providers: [AgentsService],
})
export class HubModule {}
