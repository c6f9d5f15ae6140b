// A wasi:http component in JavaScript: validates a JSON document against a JSON schema (2020-12).
//
//   POST {"schema": {...}, "document": ...}
//   200 {"valid":true}
//   422 {"valid":false,"errors":[{"at":"#/age","rule":"minimum","message":"..."}]}
//   400 {"error":"..."} when the request itself is unusable

import { Validator } from '@cfworker/json-schema';

const DRAFT = '2020-12';

function answer(status, value) {
  return new Response(`${JSON.stringify(value)}\n`, {
    status,
    headers: { 'content-type': 'application/json' },
  });
}

// Every failed rule, not just the first.
function validate(schema, document) {
  const result = new Validator(schema, DRAFT, /* shortCircuit= */ false).validate(document);
  const errors = result.errors.map(({ instanceLocation, keyword, error }) => ({
    at: instanceLocation,
    rule: keyword,
    message: error,
  }));
  return { valid: result.valid, errors };
}

async function handle(request) {
  let input;
  try {
    input = await request.json();
  } catch {
    return answer(400, { error: 'the body is not JSON' });
  }
  if (input?.schema === undefined || input.document === undefined) {
    return answer(400, { error: 'give {"schema": ..., "document": ...}' });
  }
  let outcome;
  try {
    outcome = validate(input.schema, input.document);
  } catch (error) {
    return answer(400, { error: `the schema cannot be used: ${error.message}` });
  }
  return outcome.valid ? answer(200, { valid: true }) : answer(422, outcome);
}

addEventListener('fetch', (event) => event.respondWith(handle(event.request)));
