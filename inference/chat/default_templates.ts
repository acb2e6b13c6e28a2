/** Templates for models whose file carries none, by the architecture's usual format. */

const chatml =
  `{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}` +
  `{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}`;

const llama2 = `{% set ns = namespace(system='') %}{% for message in messages %}` +
  `{% if message.role == 'system' %}{% set ns.system = '<<SYS>>\\n' + message.content + '\\n<</SYS>>\\n\\n' %}` +
  `{% elif message.role == 'user' %}{{ bos_token + '[INST] ' + ns.system + message.content + ' [/INST]' }}{% set ns.system = '' %}` +
  `{% elif message.role == 'assistant' %}{{ ' ' + message.content + ' ' + eos_token }}` +
  `{% else %}{{ raise_exception('Unknown role ' + message.role) }}{% endif %}{% endfor %}`;

const llama3 = `{{ bos_token }}{% for message in messages %}` +
  `{{ '<|start_header_id|>' + message.role + '<|end_header_id|>\\n\\n' + message.content | trim + '<|eot_id|>' }}{% endfor %}` +
  `{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}`;

const gemma = `{{ bos_token }}{% for message in messages %}` +
  `{% if message.role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}` +
  `{% if loop.index0 % 2 == (1 if message.role == 'user' else 0) %}` +
  `{{ raise_exception('Conversation roles must alternate user/assistant') }}{% endif %}` +
  `{{ '<start_of_turn>' + ('model' if message.role == 'assistant' else message.role) + '\\n' + message.content | trim + '<end_of_turn>\\n' }}` +
  `{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}`;

const phi3 =
  `{% for message in messages %}{{ '<|' + message.role + '|>\\n' + message.content + '<|end|>\\n' }}{% endfor %}` +
  `{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}`;

const zephyr =
  `{% for message in messages %}{{ '<|' + message.role + '|>\\n' + message.content + eos_token + '\\n' }}{% endfor %}` +
  `{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}`;

const commandR =
  `{{ bos_token }}{% set names = {'system': 'SYSTEM', 'user': 'USER', 'assistant': 'CHATBOT'} %}` +
  `{% for message in messages %}{{ '<|START_OF_TURN_TOKEN|><|' + names[message.role] + '_TOKEN|>' + message.content | trim + '<|END_OF_TURN_TOKEN|>' }}` +
  `{% endfor %}{% if add_generation_prompt %}{{ '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>' }}{% endif %}`;

const deepseek =
  `{{ bos_token }}{% for message in messages %}{% if message.role == 'user' %}{{ '<｜User｜>' + message.content }}` +
  `{% elif message.role == 'assistant' %}{{ '<｜Assistant｜>' + message.content + '<｜end▁of▁sentence｜>' }}` +
  `{% else %}{{ message.content }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<｜Assistant｜>' }}{% endif %}`;

const granite = `{% for message in messages %}` +
  `{{ '<|start_of_role|>' + message.role + '<|end_of_role|>' + message.content + '<|end_of_text|>\\n' }}{% endfor %}` +
  `{% if add_generation_prompt %}{{ '<|start_of_role|>assistant<|end_of_role|>' }}{% endif %}`;

/** First match wins: a control token that only this format has, or the architecture. */
const formats: { token?: string; architecture?: RegExp; template: string }[] = [
  { token: "<|im_start|>", template: chatml },
  { token: "<|start_header_id|>", template: llama3 },
  { token: "<start_of_turn>", template: gemma },
  { token: "<|START_OF_TURN_TOKEN|>", template: commandR },
  { token: "<|start_of_role|>", template: granite },
  { token: "<｜User｜>", template: deepseek },
  { token: "<|assistant|>", architecture: /^phi/, template: phi3 },
  { token: "<|user|>", template: zephyr },
  { architecture: /^gemma/, template: gemma },
  { architecture: /^phi3/, template: phi3 },
  { architecture: /^(llama|mistral|mixtral)/, template: llama2 },
  { architecture: /^(command-r|cohere)/, template: commandR },
  { architecture: /^granite/, template: granite },
  { architecture: /^deepseek/, template: deepseek },
];

/** ChatML where nothing is known of the model. */
export function defaultTemplate(architecture: string, controlTokens: ReadonlySet<string>): string {
  const format = formats.find((f) =>
    (f.token === undefined || controlTokens.has(f.token)) &&
    (f.architecture === undefined || f.architecture.test(architecture))
  );
  return format?.template ?? chatml;
}
