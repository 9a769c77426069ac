/** The 汇总 files beside Alipay's statements: a row 合计 that must agree with what the rows came to. */
import { bindColumns, cellText, normalisedName } from '../../statements/column-binding.ts';
import type { ColumnWish } from '../../statements/column-binding.ts';
import { splitFields, wrongCount } from '../../statements/delimited-fields.ts';
import { unitsCell } from '../../statements/line-cells.ts';
import { minorText } from '../../statements/money-text.ts';
import type { CompanionReader, StatementCompanion } from '../../statements/statement-format.ts';
import { cutOff, expectTotal } from '../../statements/statement-totals.ts';
import { isFrameLine, newAlipayFrame } from './statement-frame.ts';

/** 业务明细(汇总): by shop, with a total over all of them. */
export const tradeSummary: StatementCompanion = summaryFile(
  { zh: '支付宝业务汇总', en: 'Alipay trade summary' },
  ['交易订单总笔数', '退款订单总笔数'],
  ['订单金额（元）', '商家实收（元）', '商家优惠（元）', '服务费（元）'],
);

/** 账务明细(汇总): by kind of movement, with a total over all of them. */
export const fundSummary: StatementCompanion = summaryFile(
  { zh: '支付宝账务汇总', en: 'Alipay fund summary' },
  ['收入笔数', '支出笔数'],
  ['收入金额（+元）', '支出金额（-元）', '总金额（元）'],
);

function summaryFile(
  title: StatementCompanion['title'],
  counts: readonly string[],
  amounts: readonly string[],
): StatementCompanion {
  const names = [...counts, ...amounts];
  const wishes = names.map(
    (name): ColumnWish => ({ field: name, names: [name], isNeeded: counts.includes(name) }),
  );
  return {
    title,
    // Other channels have columns of the same names, but no lines that begin with #.
    recognises: (head) =>
      head.some(isFrameLine) &&
      head.some((line) => {
        const cells = line.split(',').map(normalisedName);
        return counts.every((name) => cells.includes(normalisedName(name)));
      }),
    open: (expected) => {
      const frame = newAlipayFrame(expected);
      let header: readonly string[] | null = null;
      let total: readonly string[] | null = null;
      return {
        read: (text, lineNo) => {
          if (isFrameLine(text)) frame.take(text, lineNo);
          else if (text.trim() !== '') {
            const cells = splitFields(text, lineNo);
            if (header === null) header = cells;
            else if (cells.length !== header.length)
              throw wrongCount(cells.length, header.length, lineNo);
            else if (cells.some((cell) => cellText(cell) === '合计')) total = cells;
          }
        },
        end: (lineNo, detail) => {
          frame.end(lineNo, header !== null);
          if (total === null) throw cutOff('the row 合计', lineNo);
          const binding = bindColumns(header ?? [], wishes, lineNo);
          for (const name of names) {
            const at = binding.at(name);
            if (at === -1) continue;
            const decimals = counts.includes(name) ? 0 : 2;
            const cell = total[binding.wanted[at] ?? -1] ?? '';
            const stated = unitsCell(cell, decimals, name, lineNo);
            const counted = detail.columnSums.get(name) ?? 0;
            // Signs of fees and of money that went out differ between files.
            const write = decimals === 0 ? String : minorText;
            expectTotal(`合计 ${name}`, Math.abs(stated), Math.abs(counted), null, write);
          }
        },
      } satisfies CompanionReader;
    },
  };
}
