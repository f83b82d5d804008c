// An agent's program: the providers' own libraries, set up by nothing but the environment. Prints what it got as one line of
// JSON, and stays until its input ends, so that its memory can be looked through.
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

const anthropic = new Anthropic({ maxRetries: 0 });
const openai = new OpenAI({ maxRetries: 0 });
const messages = [{ role: 'user', content: 'hello' }];
const got = {};

const plain = await anthropic.messages.create({ model: 'claude-test', max_tokens: 16, messages });
got.message = { text: plain.content[0].text, output: plain.usage.output_tokens };

got.messageStream = '';
for await (const event of await anthropic.messages.create({ model: 'claude-test', max_tokens: 16, messages, stream: true })) {
  if (event.type === 'content_block_delta') got.messageStream += event.delta.text;
}

const chat = await openai.chat.completions.create({ model: 'gpt-test', messages });
got.chat = { text: chat.choices[0].message.content, total: chat.usage.total_tokens };

got.chatStream = { text: '', chunks: 0, withoutChoices: 0, usage: null };
for await (const chunk of await openai.chat.completions.create({ model: 'gpt-test', messages, stream: true })) {
  got.chatStream.chunks += 1;
  if (chunk.choices.length === 0) got.chatStream.withoutChoices += 1;
  else got.chatStream.text += chunk.choices[0].delta.content ?? '';
  got.chatStream.usage = chunk.usage ?? got.chatStream.usage;
}

got.chatStreamWithUsage = { withoutChoices: 0, usage: null };
for await (const chunk of await openai.chat.completions.create({ model: 'gpt-test', messages, stream: true, stream_options: { include_usage: true } })) {
  if (chunk.choices.length === 0) got.chatStreamWithUsage.withoutChoices += 1;
  got.chatStreamWithUsage.usage = chunk.usage?.total_tokens ?? got.chatStreamWithUsage.usage;
}

const response = await openai.responses.create({ model: 'gpt-test', input: 'hello' });
got.response = { text: response.output_text, total: response.usage.total_tokens };
got.responseStream = '';
for await (const event of await openai.responses.create({ model: 'gpt-test', input: 'hello', stream: true })) {
  if (event.type === 'response.output_text.delta') got.responseStream += event.delta;
}

got.refused = await anthropic.messages.create({ model: 'other', max_tokens: 16, messages })
  .then(() => 'allowed', (error) => ({ status: error.status, reason: error.headers['x-deny-reason'], message: error.message }));
got.overloaded = await anthropic.messages.create({ model: 'claude-overloaded', max_tokens: 16, messages })
  .then(() => 'answered', (error) => ({ status: error.status, reason: error.headers['x-deny-reason'] ?? null, upstream: error.headers['x-portreeve-upstream'], type: error.error.error.type }));

console.log(JSON.stringify(got));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
