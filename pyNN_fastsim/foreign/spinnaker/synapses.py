"""Plasticity with SpiNNaker's parameters."""

from ...standardmodels import synapses


class Vogels2011Rule(synapses.Vogels2011Rule):
    """
    Vogels' rule: w rises by A_plus w_max (y - alpha) at a presynaptic spike, where y is the trace of the
    postsynaptic ones, and by A_plus w_max x at a postsynaptic spike.

    Arguments:
        `alpha`:
            2 rho tau, with the wanted rate rho.
        `tau`:
            time constant, ms.
        `A_plus`:
            learning rate, as a fraction of the largest weight.
        `A_minus`:
            has no effect on SpiNNaker, either.
    """

    def __init__(self, alpha, tau=20.0, A_plus=0.01, A_minus=0.01):
        super().__init__(tau=tau, eta=A_plus, rho=alpha / (2.0 * tau))
        self._alpha, self._tau, self._rate = alpha, tau, A_plus

    def in_units_of(self, weight_dependence):
        """PyNN's rule, whose learning rate is in the units of the weight."""
        bounds = weight_dependence.parameter_space
        largest = bounds["w_max"].base_value
        if not isinstance(weight_dependence, synapses.AdditiveWeightDependence):
            largest -= bounds["w_min"].base_value
        rho = self._alpha / (2.0 * self._tau)
        return synapses.Vogels2011Rule(tau=self._tau, eta=self._rate * largest, rho=rho)


class STDPMechanism(synapses.STDPMechanism):
    __doc__ = synapses.STDPMechanism.__doc__

    def __init__(self, timing_dependence=None, weight_dependence=None, *values, **parameters):
        if isinstance(timing_dependence, Vogels2011Rule) and hasattr(weight_dependence, "engine_name"):
            timing_dependence = timing_dependence.in_units_of(weight_dependence)
        super().__init__(timing_dependence, weight_dependence, *values, **parameters)
