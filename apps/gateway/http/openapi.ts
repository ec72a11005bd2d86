import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

/** The API reference, generated from the controllers and their classes. */
export function referenceOf(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Handover gateway')
    .setDescription(
      'Hands a chat from a bot to human agents and back. Errors are application/problem+json (RFC 9457); events are signed as Standard Webhooks says.',
    )
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: "A bot's API key, or the admin key." })
    .build();
  return SwaggerModule.createDocument(app, config);
}

/** Serves it at `/openapi.json` and, for people, at `/docs`. */
export async function serveReference(app: NestFastifyApplication): Promise<void> {
  SwaggerModule.setup('docs', app, () => referenceOf(app), {
    jsonDocumentUrl: 'openapi.json',
    customSiteTitle: 'Handover gateway API',
  });
}
