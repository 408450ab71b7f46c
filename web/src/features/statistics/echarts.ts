// The parts of ECharts that the portal draws with; it comes with its page, and no sooner.
import { BarChart, LineChart, PieChart } from 'echarts/charts';
import { AriaComponent, GridComponent, TooltipComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';

use([BarChart, LineChart, PieChart, AriaComponent, GridComponent, TooltipComponent, CanvasRenderer]);

export { init };
export type Option = EChartsCoreOption;
