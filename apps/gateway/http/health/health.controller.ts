import { Refusal } from '#core';
import { isWritable } from '#persistence';
import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Runtime } from '../../runtime/runtime.js';
import { Public } from '../auth.guard.js';

/** How long the database may take to say that it is there, in milliseconds. */
const ANSWER_WITHIN_MS = 2_000;

@ApiTags('health')
@Public()
@Controller('health')
export class HealthController {
  constructor(private readonly runtime: Runtime) {}

  @Get('live')
  @ApiOperation({ summary: 'The process is alive' })
  live(): { status: string } {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({ summary: 'The gateway can take requests: its database answers, takes changes, and is up to date' })
  async ready(): Promise<{ status: string }> {
    if (this.runtime.stopping.aborted) throw new Refusal('unavailable', 'The gateway is stopping.');
    if (!(await this.databaseWorks()))
      throw new Refusal('unavailable', 'The database does not answer, or takes no changes.');
    return { status: 'ok' };
  }

  private async databaseWorks(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), ANSWER_WITHIN_MS)));
    const answer = isWritable(this.runtime.database).catch(() => false);
    return Promise.race([answer, late]).finally(() => clearTimeout(timer));
  }
}
