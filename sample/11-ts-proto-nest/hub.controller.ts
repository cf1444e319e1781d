import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { Backchannel } from 'nestjs-backchannel';
import type { Observable } from 'rxjs';
import {
  NUMBERS_SERVICE_NAME,
  NumbersControllerMethods,
  type Number as Num,
  type NumbersClient,
  type NumbersController,
} from './generated/numbers.js';
import * as handlers from './handlers.js';

@Controller()
@NumbersControllerMethods()
export class HubController implements NumbersController {
  /** Leaves the work to its caller. `addNestjsRestParameter=true` admits the second parameter. */
  double(
    @Payload() request: Num,
    @Backchannel(NUMBERS_SERVICE_NAME) caller: NumbersClient,
  ): Observable<Num> {
    return caller.double(request);
  }

  countTo(last: Num): Observable<Num> {
    return handlers.countTo(last);
  }

  sum(numbers: Observable<Num>): Observable<Num> {
    return handlers.sum(numbers);
  }

  runningTotal(numbers: Observable<Num>): Observable<Num> {
    return handlers.runningTotal(numbers);
  }
}
