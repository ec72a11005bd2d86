/** An error answer, in one of the several shapes that 8x8's errors have. */
export class ApiRefusal extends Error {
  constructor(
    readonly status: number,
    readonly body: object,
  ) {
    super(JSON.stringify(body));
  }
}

const referenceId = (): string => Math.random().toString(36).slice(2, 12);

/** The general 400: a list of coded errors. */
export function badRequest(code: string, message: string): ApiRefusal {
  return new ApiRefusal(400, { message: 'Bad request', errors: [{ code, message }] });
}

/** The 400 of typing, thinking, read receipts and post-agent assignments carries a reference. */
export function badSignal(message: string): ApiRefusal {
  return new ApiRefusal(400, {
    message: 'Invalid request',
    errors: [{ code: 'invalid_parameter', message }],
    referenceId: referenceId(),
  });
}

/** The 400 of a message has an object in place of the list. */
export function badMessage(message: string): ApiRefusal {
  return new ApiRefusal(400, {
    message: 'Invalid message',
    errors: { code: 'invalid_json_object', message },
    referenceId: referenceId(),
  });
}

export function accessDenied(): ApiRefusal {
  const message = 'Access Denied';
  return new ApiRefusal(401, {
    message,
    errors: [{ message: 'The API key is not valid.', code: 'access_denied' }],
    referenceId: referenceId(),
  });
}

/** The key is known, but its app lacks the product. */
export function productMissing(): ApiRefusal {
  const message = 'Access Denied';
  return new ApiRefusal(403, {
    message,
    errors: [{ message: 'The application is not allowed to use this product.', code: 'access_denied' }],
    referenceId: referenceId(),
  });
}

export function wrongTenant(customerId: string): ApiRefusal {
  return new ApiRefusal(403, {
    message: 'The tenant does not belong to customer.',
    errors: [`Header X-8x8-Tenant doesn't match tenant information for customerId=${customerId}`],
  });
}

export function notFound(type: string, id: string): ApiRefusal {
  return new ApiRefusal(404, {
    message: `Resource of type ${type} with id ${id} was not found.`,
    errors: [`No ${type} with id ${id}.`],
  });
}

/** The 404 of signals and cards. */
export function entityNotFound(type: string, id: string): ApiRefusal {
  const message = `Entity of type ${type} with id ${id} was not found.`;
  return new ApiRefusal(404, { message: 'Resource not found', errors: [{ code: 'resource_not_found', message }] });
}
