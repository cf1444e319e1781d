import { Module } from '@nestjs/common';
import { BackchannelModule } from 'nestjs-backchannel';
import { NumbersController } from './numbers.controller.js';
import { numbersProto } from './numbers.js';

/** The listening side. */
@Module({
  imports: [
    BackchannelModule.forRoot({
      server: { url: '127.0.0.1:0', ...numbersProto, backchannel: numbersProto },
    }),
  ],
  controllers: [NumbersController],
})
export class HubModule {}
