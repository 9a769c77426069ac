/** Why a named person does something: every decision of an operator carries it. */
import { Type } from 'typebox';

export const reasonField = Type.String({
  pattern: '^(?=.*\\S)[^\\p{Cc}\\p{Cs}]{1,500}$',
  description: '1 to 500 characters, none of them a control character',
  examples: ['The payer confirmed it by telephone'],
});
