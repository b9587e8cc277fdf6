//! A number that is read when somebody asks for it.

use std::fmt;

use prometheus::Registry;
use prometheus::core::{Collector, Desc};
use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};

/// Reads values, each with the value of the label if there is one.
type Read = Box<dyn Fn() -> Vec<(Option<&'static str>, f64)> + Send + Sync>;

/// See the [module](self).
pub(super) struct Sampled {
    desc: Desc,
    kind: MetricType,
    label: Option<&'static str>,
    read: Read,
}

impl Sampled {
    /// A value that goes up and down. Left out while it is `None`.
    pub(super) fn gauge(
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> Option<f64> + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, help, MetricType::GAUGE, None, move || {
            read().map(|value| (None, value)).into_iter().collect()
        })
    }

    /// A value that only grows. Left out while it is `None`.
    pub(super) fn counter(
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> Option<f64> + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, help, MetricType::COUNTER, None, move || {
            read().map(|value| (None, value)).into_iter().collect()
        })
    }

    /// Values that go up and down, one for each value of a label.
    pub(super) fn labeled(
        name: &'static str,
        help: &'static str,
        label: &'static str,
        read: impl Fn() -> Vec<(&'static str, f64)> + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, help, MetricType::GAUGE, Some(label), move || {
            let values = read().into_iter();
            values.map(|(label, value)| (Some(label), value)).collect()
        })
    }

    fn new(
        name: &'static str,
        help: &'static str,
        kind: MetricType,
        label: Option<&'static str>,
        read: impl Fn() -> Vec<(Option<&'static str>, f64)> + Send + Sync + 'static,
    ) -> Self {
        let labels = label.into_iter().map(str::to_owned).collect();
        let desc = Desc::new(name.to_owned(), help.to_owned(), labels, Default::default());
        Self {
            desc: desc.expect("the name is valid"),
            kind,
            label,
            read: Box::new(read),
        }
    }

    pub(super) fn register(self, registry: &Registry) {
        let entered = registry.register(Box::new(self));
        entered.expect("no two have the same name");
    }

    fn metric(&self, label: Option<&'static str>, value: f64) -> Metric {
        let mut metric = Metric::default();
        if let (Some(name), Some(value)) = (self.label, label) {
            let mut pair = LabelPair::default();
            pair.set_name(name.to_owned());
            pair.set_value(value.to_owned());
            metric.set_label(vec![pair]);
        }
        if self.kind == MetricType::COUNTER {
            let mut counter = Counter::default();
            counter.set_value(value);
            metric.set_counter(counter);
        } else {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            metric.set_gauge(gauge);
        }
        metric
    }
}

impl Collector for Sampled {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let values = (self.read)().into_iter();
        let mut family = MetricFamily::default();
        family.set_name(self.desc.fq_name.clone());
        family.set_help(self.desc.help.clone());
        family.set_field_type(self.kind);
        family.set_metric(
            values
                .map(|(label, value)| self.metric(label, value))
                .collect(),
        );
        vec![family]
    }
}

impl fmt::Debug for Sampled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sampled").field(&self.desc.fq_name).finish()
    }
}
