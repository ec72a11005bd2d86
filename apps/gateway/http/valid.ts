import { parseAs, type Class } from '#contract';
import { invalid } from '#core';
import { Injectable, type PipeTransform } from '@nestjs/common';

/** Makes a body or query into an instance of its class, or refuses it naming each field. Unknown fields are refused. */
@Injectable()
export class Valid<T extends object> implements PipeTransform<unknown, T> {
  constructor(
    private readonly type: Class<T>,
    private readonly options: { optional?: boolean } = {},
  ) {}

  transform(value: unknown): T {
    const given = value === undefined && this.options.optional ? {} : value;
    const { value: instance, errors } = parseAs(this.type, given);
    if (errors.length > 0) throw invalid(errors);
    return instance;
  }
}
