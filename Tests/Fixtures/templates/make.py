#!/usr/bin/env python3
"""Writes cases.jsonl: chat templates, inputs, and what Python's jinja2 makes of them.

The environment is set up as Hugging Face's transformers do for chat templates: an immutable sandbox, trim_blocks and
lstrip_blocks on, loop controls, a tojson that does not escape for HTML, raise_exception and a fixed strftime_now.
The templates retell, in short, the constructs of public templates. Run it with jinja2 3.1 from this folder.
"""
import datetime
import json

import jinja2
import jinja2.ext
import jinja2.sandbox

NOW = datetime.datetime(2026, 11, 24, 5, 9, 7)


def to_json(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def environment():
    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols])
    env.filters["tojson"] = to_json
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = NOW.strftime
    return env


TALK = [
    {"role": "system", "content": "You are terse."},
    {"role": "user", "content": "  What is 2 + 2? "},
    {"role": "assistant", "content": "4"},
    {"role": "user", "content": "Grüße, \"Welt\" <|im_end|> 'x' \\ 日本"},
]
PLAIN_TALK = TALK[1:]
TOOLS = [{"type": "function", "function": {
    "name": "get_weather", "description": "Weather of a place\nnow",
    "parameters": {"type": "object", "properties": {
        "place": {"type": "string", "enum": ["here", "there"]}, "days": {"type": "integer", "minimum": 1},
        "exact": {"type": "number", "default": 0.5, "nullable": None, "strict": True}}, "required": ["place"]}}}]
TOOL_TALK = [
    {"role": "user", "content": "Weather?"},
    {"role": "assistant", "content": "", "tool_calls": [
        {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": {"place": "here", "days": 2}}},
        {"id": "call_2", "type": "function", "function": {"name": "get_weather", "arguments": {"place": "there"}}}]},
    {"role": "tool", "content": "{\"sun\": 1}"},
    {"role": "tool", "content": "rain"},
    {"role": "assistant", "content": "Sun and rain."},
    {"role": "user", "content": "Thanks"},
]
THINK_TALK = [
    {"role": "user", "content": "Q1"},
    {"role": "assistant", "content": "<think>\nhm\n</think>\n\nA1"},
    {"role": "user", "content": "Q2"},
    {"role": "assistant", "content": "A2", "reasoning_content": "\nso\n"},
    {"role": "user", "content": "Q3"},
]
PARTS_TALK = [{"role": "user", "content": [
    {"type": "text", "text": "one"}, {"type": "image"}, {"type": "text", "text": "two"}]}]

CHATML = """{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"""

LLAMA2 = """{% if messages[0]['role'] == 'system' %}
    {% set loop_messages = messages[1:] %}
    {% set system_message = messages[0]['content'] %}
{% else %}
    {% set loop_messages = messages %}
    {% set system_message = false %}
{% endif %}
{% for message in loop_messages %}
    {% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}
    {% endif %}
    {% if loop.index0 == 0 and system_message != false %}
        {% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}
    {% else %}
        {% set content = message['content'] %}
    {% endif %}
    {% if message['role'] == 'user' %}
        {{- bos_token + '[INST] ' + content.strip() + ' [/INST]' -}}
    {% elif message['role'] == 'assistant' %}
        {{- ' ' + content.strip() + ' ' + eos_token -}}
    {% endif %}
{% endfor %}
"""

LLAMA3 = """{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}

{#- The system message is taken out of the list -#}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}

{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none %}
    {{- "Environment: ipython\\n" }}
{%- endif %}
{{- "Today Date: " + date_string + "\\n\\n" }}
{%- if tools is not none and not tools_in_user_message %}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- for tool_call in message.tool_calls %}
            {%- set tool_call = tool_call.function %}
            {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}
            {{- '{"name": "' + tool_call.name + '", ' }}
            {{- '"parameters": ' }}
            {{- tool_call.arguments | tojson }}
            {{- "}" }}
            {{- "<|eot_id|>" }}
        {%- endfor %}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable and message.content is not string %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""

MISTRAL = """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, roles must alternate") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is defined and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}
                        {{- '"' + key + '": "' + val + '"' }}
                    {%- else %}
                        {{- '"' + key + '": ' + val|tojson }}
                    {%- endif %}
                    {%- if not loop.last %}
                        {{- ", " }}
                    {%- endif %}
                {%- endfor %}
                {{- "}}" }}
                {{- ", " if not loop.last else "]" }}
            {%- endfor %}
            {{- "[/AVAILABLE_TOOLS]" }}
        {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message.tool_calls is defined and message.tool_calls is not none %}
        {{- "[TOOL_CALLS] [" }}
        {%- for tool_call in message.tool_calls %}
            {%- set out = tool_call.function|tojson %}
            {{- out[:-1] }}
            {{- ', "id": "' + tool_call.id[-6:] + '"}' }}
            {{- ", " if not loop.last else "]" + eos_token }}
        {%- endfor %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token }}
    {%- elif message["role"] == "tool_results" or message["role"] == "tool" %}
        {{- '[TOOL_RESULTS] {"content": ' + message.content|string + "}[/TOOL_RESULTS]" }}
    {%- endif %}
{%- endfor %}
"""

QWEN = """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0].role == 'system' %}
        {{- messages[0].content + '\\n\\n' }}
    {%- endif %}
    {{- "# Tools\\n\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools><|im_end|>\\n" }}
{%- else %}
    {%- if messages[0].role == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- else %}
            {%- if '</think>' in content %}
                {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
                {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
            {%- endif %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index or keep_thoughts %}
            {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {%- if message.tool_calls %}
            {%- for tool_call in message.tool_calls %}
                {%- if (loop.first and content) or (not loop.first) %}
                    {{- '\\n' }}
                {%- endif %}
                {%- if tool_call.function %}
                    {%- set tool_call = tool_call.function %}
                {%- endif %}
                {{- '<tool_call>\\n{"name": "' }}
                {{- tool_call.name }}
                {{- '", "arguments": ' }}
                {%- if tool_call.arguments is string %}
                    {{- tool_call.arguments }}
                {%- else %}
                    {{- tool_call.arguments | tojson }}
                {%- endif %}
                {{- '}\\n</tool_call>' }}
            {%- endfor %}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' }}
        {{- content }}
        {{- '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""

MACROS = """{%- macro json_type(param, nullable=false) -%}
    {%- if param.type == "array" -%}
        {{- "array" -}}
    {%- elif param.enum -%}
        {{- "(" + param.enum | map("tojson") | join(" | ") + ")" -}}
    {%- else -%}
        {{- param.type -}}
    {%- endif -%}
    {%- if nullable %}?{% endif -%}
{%- endmacro -%}
{%- macro render(tool) %}
// {{ tool.description | replace("\\n", " ") }}
type {{ tool.name }} = (_: {
{%- for name, param in tool.parameters.properties.items() %}
{{ name }}{{ "" if name in tool.parameters.required else "?" }}: {{ json_type(param, nullable=(name == "exact")) }}
{%- if not loop.last %},{% endif %}
{%- endfor %}
})
{%- endmacro -%}
{%- for tool in tools %}{{ render(tool.function) }}{% endfor %}
{% macro box(title) %}[{{ title }}: {{ caller() }}]{% endmacro %}
{% set who = "outer" %}
{% call box("A") %}body of {{ who }}{% endcall %}
"""

SNIPPETS = {
    "whitespace": "a\n  {% if true %}\n  b\n  {% endif %}\nc\n{#- x -#}\n  d {{- ' e ' -}} f\n{% raw %} {{ raw }} {% endraw %}\n\tg {%+ if true %}h{% endif +%}\ni\n\n",
    "comments": "{# one #}\nx\n   {# two #}\ny{# three #}z\n",
    "strings": "{{ 'a\\tb\\x41\\u00e9\\\\n\\q' 'cd' ~ \"e'f\" }}{{ \"}}\" }}{{ '{%' }}{{ {'a': {'b': 1}}['a']['b'] }}",
    "numbers": "{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 1.5 + 1 }} {{ 1_000 }} {{ -3 | abs }} {{ 10 / 5 }} {{ 0.1 + 0.2 }} {{ 1e3 }} {{ 2.5e-1 }}",
    "precedence": "{{ (1 + 2) ~ 2 * 3 }} {{ not false and false or true }} {{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 'a' ~ 1 + 2 if false else 'no' }} {{ not 'a' in 'abc' }} {{ 1 not in [2] }}",
    "inline-if": "{{ 'x' if false }}|{{ 1 if true else 2 if false else 3 }}",
    "slices": "{{ 'abcdef'[1:3] }} {{ 'abcdef'[-2:] }} {{ 'äbc'[::-1] }} {{ [1,2,3,4,5][::2] | join }} {{ [1,2,3][-1] }} {{ [1,2,3][5:1] | length }} {{ 'abc'[9] is defined }} {{ [1,2,3,4][3:0:-1] }} {{ [1,2][-9:9] }} {{ 'abc'[:-1] }}",
    "loops": "{% for x in [1,2,3] %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}{% for x in [] %}no{% else %}empty{% endfor %}{% for k, v in {'a': 1, 'b': [2]}.items() %}{{ k }}={{ v }},{% endfor %}{% for x in range(10) if x % 2 %}{{ x }}{{ loop.index }}{% endfor %}{% for x in 'äb' %}<{{ x }}>{% endfor %}",
    "break-continue": "{% for x in range(9) %}{% if x == 2 %}{% continue %}{% endif %}{% if x == 5 %}{% break %}{% endif %}{{ x }}{% endfor %}",
    "nested-loops": "{% for a in [1, 2] %}{% set outer = loop %}{% for b in 'xy' %}{{ outer.index }}{{ b }}{{ loop.index }} {% endfor %}{% endfor %}",
    "scope": "{% set x = 1 %}{% for i in [1, 2] %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}{% if true %}{% set x = 9 %}{% endif %}{{ x }}{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set c %}block {{ x }}{% endset %}{{ c }}{% set d | upper %}shout{% endset %}{{ d }}",
    "namespace": "{% set ns = namespace(found=false, n=0) %}{% for i in range(4) %}{% set ns.n = ns.n + i %}{% if i == 2 %}{% set ns.found = true %}{% endif %}{% endfor %}{{ ns.found }}{{ ns.n }}{{ ns.missing is defined }}",
    "undefined": "[{{ nothing }}]{{ nothing is defined }}{{ nothing is undefined }}{{ nothing | default('d') }}{{ '' | default('e', true) }}{{ none | default('n') }}{% if nothing %}x{% endif %}{{ {}.a is defined }}{{ {}['a'] | length }}{% for x in nothing %}y{% endfor %}",
    "printing": "{{ none }} {{ true }} {{ false }} {{ [1, 'a', none, 1.0, [true], {'k': \"it's\"}] }} {{ 1.0 }} {{ {'a': 'x\\ny', 'b': \"q'\\\"\"} }} {{ [] }}",
    "text-filters": "{{ '  a ' | trim }}|{{ 'xxaxx' | trim('x') }}|{{ 'aBc' | upper }}{{ 'ÄBC' | lower }}{{ 'hello wORLD-foo' | title }} {{ 'hELLO wORLD' | capitalize }} {{ 'a,b' | replace(',', ';') }} {{ 'aaa' | replace('a', 'b', 2) }} {{ 'a\\n\\nb\\nc' | indent }}|{{ 'a\\nb' | indent(2, true) }}|{{ 'a\\n\\nb' | indent(width=3, blank=true) }}",
    "list-filters": "{{ [3,1,2] | sort | join(',') }} {{ ['b','A','c'] | sort(reverse=true) | join }} {{ [1,2,1,3] | unique | join }} {{ [1,2,3] | first }}{{ [1,2,3] | last }}{{ [1,2,3] | length }}{{ [1,2,3] | sum }}{{ [1,5,3] | max }}{{ [4,2] | min }} {{ [1,2,3] | reverse | list }} {{ 'abc' | reverse }} {{ 'ab' | list }} {{ [1,2,3,4] | select('even') | list }} {{ [1,2,3] | reject('equalto', 2) | list }} {{ [0,1,''] | select | list }} {{ ['a','b'] | map('upper') | join('-') }} {{ none | selectattr('a') | list }} {{ none | map('upper') | list }} {% for k, v in {'b': 1, 'a': 2} | dictsort %}{{ k }}{{ v }}{% endfor %} {% for k, v in {'b': 1} | items %}{{ k }}{{ v }}{% endfor %}",
    "attribute-filters": "{% set l = [{'n': 'x', 'v': 1, 'd': {'e': 5}}, {'n': 'y', 'v': 0}, {'n': 'z'}] %}{{ l | map(attribute='n') | join(',') }} {{ l | selectattr('v') | map(attribute='n') | list }} {{ l | rejectattr('v', 'defined') | map(attribute='n') | list }} {{ l | selectattr('n', 'in', ['x', 'z']) | list | length }} {{ l | map(attribute='v', default=7) | list }} {{ l | join(', ', attribute='n') }} {{ l | map(attribute='d.e') | first }} {{ l | sort(attribute='n', reverse=true) | map(attribute='n') | join }} {{ l | sum(attribute='v') if false else '' }}",
    "conversions": "{{ '12' | int + 1 }} {{ 'x' | int }} {{ 'x' | int(5) }} {{ 3.9 | int }} {{ 5 | string + 'a' }} {{ '1' | float if false else 2 | float }} {{ [1, 2] | string }} {{ 'a' | safe }} {{ '<&>' | e }}",
    "tojson": "{{ {'a': [1, 2.5, none, true], 'b': 'ü\"\\\\\\n\\t', 'c': {}, 'd': []} | tojson }} {{ {'b': 1, 'a': [1, {'x': []}]} | tojson(indent=2) }} {{ {'b': 1, 'a': 2} | tojson(sort_keys=true, separators=(',', ':')) }} {{ 'ü😀' | tojson(ensure_ascii=true) }} {{ 'x' | tojson }} {{ 1 | tojson }}",
    "tests": "{{ 1 is number }}{{ 1.0 is float }}{{ true is number }}{{ true is boolean }}{{ 1 is integer }}{{ 'a' is string }}{{ {} is mapping }}{{ [] is sequence }}{{ 'a' is iterable }}{{ 1 is iterable }}{{ none is none }}{{ 1 is none }}{{ true is true }}{{ 1 is true }}{{ false is false }}{{ 3 is odd }}{{ 3 is even }}{{ 9 is divisibleby 3 }}{{ 1 is eq 1 }}{{ 1 is ne 1 }}{{ 2 is gt 1 }}{{ 2 is lt(1) }}{{ 2 is in [1, 2] }}{{ 'abc' is lower }}{{ 1 is not string }}{{ 'x' is sameas 'x' }}",
    "methods": "{{ ' a '.strip() }}|{{ 'xay'.strip('xy') }}|{{ ' a'.lstrip() }}|{{ 'a '.rstrip() }}|{{ 'a b  c'.split() }}{{ 'a,b,c'.split(',') }}{{ 'a,b,c'.split(',', 1) }}{{ 'abc'.startswith('ab') }}{{ 'abc'.startswith(('x', 'a')) }}{{ 'abc'.endswith('bc') }}{{ 'aB'.upper() }}{{ 'aB'.lower() }}{{ \"they're bill's\".title() }}{{ 'aBC'.capitalize() }}{{ 'aXbX'.replace('X', '-') }}{{ 'aXbX'.replace('X', '-', 1) }}{{ ','.join(['a', 'b']) }}{{ 'abcab'.find('b') }}{{ 'abcab'.count('ab') }}{{ 'a\\nb\\n'.splitlines() }}{{ '12'.isdigit() }}{{ {'a': 1}.get('a') }}{{ {'a': 1}.get('b') }}{{ {'a': 1}.get('b', 2) }}{{ {'a': 1}.keys() | list }}{{ {'a': 1}.values() | list }}{{ 'xab'.removeprefix('x') }}{{ 'abx'.removesuffix('x') }}",
    "in": "{{ 'a' in 'abc' }}{{ 'a' in ['a'] }}{{ 'a' in {'a': 1} }}{{ 'z' not in {'a': 1} }}{{ 1 in [1.0] }}",
    "equality": "{{ 1 == 1.0 }}{{ true == 1 }}{{ 'a' == 'a' }}{{ [1] == [1] }}{{ {'a': 1} == {'a': 1} }}{{ none == false }}{{ 'a' < 'b' }}{{ 'a' != 1 }}{{ 'é' == 'é' }}",
    "globals": "{{ strftime_now('%Y-%m-%d %H:%M:%S %A %B %j' | replace(' %j', '')) }} {{ strftime_now('%d %b %y %I %p %a %e') }} {{ range(3) | list }} {{ range(1, 4) | list }} {{ range(5, 0, -2) | list }} {{ dict(a=1)['a'] }}",
    "filter-block": "{% filter upper %}abc {{ 'd' }}{% endfilter %}",
    "elif": "{% for x in [1, 2, 3, 4] %}{% if x == 1 %}a{% elif x == 2 %}b{% elif x == 3 %}c{% else %}d{% endif %}{% endfor %}",
    "parts": "{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}{% for p in m.content %}{% if p.type == 'text' %}{{ p.text }}{% else %}<{{ p['type'] }}>{% endif %}{% endfor %}{% endif %}{% endfor %}",
}


def cases():
    for name, template, extra in [
        ("chatml", CHATML, {}), ("llama-2", LLAMA2, {}), ("llama-3", LLAMA3, {}), ("mistral", MISTRAL, {}),
        ("qwen", QWEN, {}),
    ]:
        yield name + ", with system", template, TALK, extra
        yield name + ", without system", template, PLAIN_TALK, extra
    yield "chatml, no generation prompt", CHATML, TALK, {"add_generation_prompt": False}
    yield "llama-2, roles do not alternate", LLAMA2, [TALK[1], TALK[1]], {}
    yield "mistral, roles do not alternate", MISTRAL, [TALK[1], TALK[1]], {}
    yield "llama-3, tools", LLAMA3, TOOL_TALK, {"tools": TOOLS}
    yield "llama-3, date given", LLAMA3, TALK, {"date_string": "1 Jan 2025"}
    yield "mistral, tools", MISTRAL, TOOL_TALK, {"tools": TOOLS}
    yield "qwen, tools", QWEN, TOOL_TALK, {"tools": TOOLS}
    yield "qwen, tools and system", QWEN, TALK, {"tools": TOOLS}
    yield "qwen, thoughts dropped", QWEN, THINK_TALK, {"enable_thinking": False}
    yield "qwen, thoughts kept", QWEN, THINK_TALK, {"keep_thoughts": True}
    yield "macros", MACROS, TALK, {"tools": TOOLS}
    for name, template in SNIPPETS.items():
        yield name, template, PARTS_TALK if name == "parts" else [], {}


def main():
    env = environment()
    with open("cases.jsonl", "w", encoding="utf-8") as out:
        for name, template, messages, extra in cases():
            case = {"name": name, "template": template, "messages": messages, "extra": extra}
            variables = {"add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>", **extra}
            try:
                case["output"] = env.from_string(template).render(messages=messages, **variables)
            except jinja2.exceptions.TemplateError as error:
                case["refusal"] = str(error)
            out.write(json.dumps(case, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
