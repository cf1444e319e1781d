import { Controller } from '@nestjs/common';
import { GrpcMethod, GrpcStreamMethod } from '@nestjs/microservices';
import { map, range, reduce, scan, type Observable } from 'rxjs';
import type { Num } from './numbers.js';

const add = (a: Num, b: Num): Num => ({ value: a.value + b.value });

/** Has one method of each kind. Neither side's controllers know which side they are on. */
@Controller()
export class NumbersController {
  @GrpcMethod('Numbers', 'Double')
  double({ value }: Num): Num {
    return { value: 2 * value };
  }

  @GrpcMethod('Numbers', 'CountTo')
  countTo({ value: last }: Num): Observable<Num> {
    return range(1, last).pipe(map((value) => ({ value })));
  }

  @GrpcStreamMethod('Numbers', 'Sum')
  sum(numbers: Observable<Num>): Observable<Num> {
    return numbers.pipe(reduce(add));
  }

  @GrpcStreamMethod('Numbers', 'RunningTotal')
  runningTotal(numbers: Observable<Num>): Observable<Num> {
    return numbers.pipe(scan(add));
  }
}
