import { Module } from '@nestjs/common';
import { BackchannelModule } from 'nestjs-backchannel';
import { numbersProto } from '../03-rpc-kinds/numbers.js';
import { HubController } from './hub.controller.js';

/** The listening side. */
@Module({
  imports: [
    BackchannelModule.forRoot({
      server: { url: '127.0.0.1:0', ...numbersProto, backchannel: numbersProto },
    }),
  ],
  controllers: [HubController],
})
export class HubModule {}
