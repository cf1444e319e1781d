import { Injectable, Module } from '@nestjs/common';

/** The boxes that belong to the fleet; a database, in an application of more than a page. */
@Injectable()
export class FleetList {
  readonly #names = new Set(['box-1', 'box-2']);

  has(name: string): Promise<boolean> {
    return Promise.resolve(this.#names.has(name));
  }
}

@Module({ providers: [FleetList], exports: [FleetList] })
export class FleetListModule {}
