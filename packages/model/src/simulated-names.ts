/** Every model whose answers ordinary code computes has a name that begins so. */
export const SIMULATED_PREFIX = 'portreeve-';
export const SIMULATED_MODEL = 'portreeve-simulated-1';
export const WORST_CASE_MODEL = 'portreeve-worst-case-1';
