import { Controller } from '@nestjs/common';
import type { Observable } from 'rxjs';
import {
  NumbersControllerMethods,
  type Number as Num,
  type NumbersController,
} from './generated/numbers.js';
import * as handlers from './handlers.js';

/**
 * The compiler checks the handlers against the generated interface. The generated decorator registers them:
 * none has a decorator of its own.
 */
@Controller()
@NumbersControllerMethods()
export class AgentController implements NumbersController {
  double({ value }: Num): Num {
    return { value: 2 * value };
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
